"""Machines and their rates, quantities with units, and the time that ops take on a device."""
