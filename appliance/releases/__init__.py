"""New versions of the single executable: which there are, fetched, tried out, and put in the place of the old one."""
