"""CloudFront's data plane in the lab: NGINX, configured by what the distributions say."""
