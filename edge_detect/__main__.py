from edge_detect.cli import main

main()
