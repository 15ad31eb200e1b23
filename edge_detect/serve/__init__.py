"""The HTTP service and its page (extra `serve`), and the Gradio interface (extra `gradio`).

The only room that imports web frameworks; whoever enters it asks `edge_detect.extras.require` first.
"""
