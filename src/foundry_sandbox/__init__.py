"""A sandbox that plays Azure, Entra and several AI gateways on loopback.

It answers unmodified official clients, keeps what they create in one folder, and calls the gateways its
agents are connected to. It shares no code with `gateway_workbook`: it is a second reading of the contracts.
"""

__version__ = "0.1.0"
