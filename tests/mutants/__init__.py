"""The protections of docs/protocol.md, each removed by a patch that must be found."""
