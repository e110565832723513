"""Published weights by name: a registry as data, where its files lie or come from, and models that start from them."""
