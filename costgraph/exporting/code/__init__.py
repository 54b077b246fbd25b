"""Forms as modules, tables and workbooks that run: an expression tree, its printers, what stands around them."""
