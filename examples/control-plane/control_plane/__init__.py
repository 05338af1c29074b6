"""A control plane around sendas: people change a policy over HTTP, and a submission server follows."""
