from training.sources.cli import main

main()
