"""The pages, by subject. Each view reads from the cache, writes through the client, renders a page or its fragment."""
