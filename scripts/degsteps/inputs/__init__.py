"""What the user gave: sources of counts, sample sheets, the pass over them before any job. Standard library only."""
