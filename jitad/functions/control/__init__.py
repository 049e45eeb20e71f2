"""What structured control flow records: loops and branches whose parts are tapes of their own."""
