"""Function + arguments -> Plan: the program of each transform, from tapes and their transforms."""
