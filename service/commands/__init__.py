"""The service's commands; ``service.cli`` names each of them once."""
