"""A case becomes a draft: whether it is fit, where it goes, what it says, its bytes."""
