"""The preview of a sync: what it would do, which file each pin would be, and what that costs. Nothing is written."""
