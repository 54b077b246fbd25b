"""One offline page that shows what a model costs and why, with its sizes as sliders."""
