"""Work over whole channels, at the pace of the disk: what takes longer than a request may."""
