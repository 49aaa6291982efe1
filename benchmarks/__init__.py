"""How fast bosslet is beside what it could be at best, and beside others.

    python -m benchmarks [PART ...] [--data FILE] [--seconds S]      or: make bench

Each part writes what it found to ``.benchmarks/results/<part>.json``, prints its tables, and at the end the figures of
``docs/performance.md`` are made anew from all that is there. From the top:

    __main__        the command
    report, plots   tables and pictures for docs/performance.md
    reads           bosslet, the floor and the peers, read by one client in turns
    writes, ingest  what a durable write costs, and what slab after slab writes to the disk
    memory, growth  what stays in memory; what does not get slower as a store grows
    shapes          inner chunks, blocks and codecs beside each other, in the engine alone
    dialects        the same voxels in each dialect
    transfer        stacks of TIFF files in and out, and a backup; stacks/ are the ways that it compares
    viewer          how long one waits for Neuroglancer
    servers/        how each server is started, filled and asked
    client          one keep-alive connection
    measured        time, CPU and memory of a command
    meter           CPU, bytes written and memory of a server's processes
    volumes         made and real voxels

Everything is measured as CPU time of the server's processes, and compared side by side in turns: wall time says more
about who else uses the machine.
"""
