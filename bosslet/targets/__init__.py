"""Writers of the formats that laboratories use: each in a module of its own, all seen as a ``Target``."""
