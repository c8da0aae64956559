"""The pages of the cluster. They know no component, only `minikweb.client`, so they also open a remote cluster."""
