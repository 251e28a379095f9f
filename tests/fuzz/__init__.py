"""Random faults in given files, judged by a reader that shares no code with the library."""
