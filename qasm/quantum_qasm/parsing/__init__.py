"""From text to nodes: tokens, and who reads them."""
