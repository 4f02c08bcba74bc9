"""The programs that run inside a training container, and as child processes on a laptop."""
