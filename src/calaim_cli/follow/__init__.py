"""What becomes of a referral: the ledger, and the reminder to a plan."""
