"""附件: one file with its facts and its content, and the field by which any form takes files."""
