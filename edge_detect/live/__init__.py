"""Frames scored as they come: buffering, following faces, steady states, events."""
