"""A case or a question meets the policy: what it comes to, what to ask next, what to do, what changed."""
