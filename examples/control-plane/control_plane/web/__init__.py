"""The pages: what people see of the log, and the forms by which they change it."""
