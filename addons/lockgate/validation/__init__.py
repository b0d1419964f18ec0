"""Values against schemas: what OpenAPI and JSON Schema documents allow, and the reasons in the reference gateway's words."""
