"""Every ledger of the house, one file each; a file that is here is found."""
