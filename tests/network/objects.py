"""Services, EndpointSlices, pods and policies, in one line each."""


def service(name="web", *, ip="10.96.0.20", namespace="default", ports=None, **spec):
    ports = [{"port": 80, "protocol": "TCP"}] if ports is None else ports
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "ClusterIP", "clusterIP": ip, "ports": ports, **spec},
    }


def endpoint(ip, *, node="node-1", ready=True, serving=None, terminating=False, **more):
    serving = ready if serving is None else serving
    conditions = {"ready": ready, "serving": serving, "terminating": terminating}
    return {"addresses": [ip], "conditions": conditions, "nodeName": node, **more}


def endpoint_slice(*endpoints, of="web", namespace="default", ports=None):
    ports = [{"name": "", "protocol": "TCP", "port": 8080}] if ports is None else ports
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{of}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": of}},
        "addressType": "IPv4",
        "endpoints": list(endpoints),
        "ports": ports,
    }


def pod(name, ip, *, namespace="default", node="node-1", ports=(), phase="Running", **labels):
    container = {"name": "c", "ports": list(ports)}
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"nodeName": node, "containers": [container]},
        "status": {"podIP": ip, "phase": phase},
    }


def namespace(name, **labels):
    return {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, **labels}}}


def network_policy(name="policy", *, namespace="default", **spec):
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"podSelector": {}, "policyTypes": [], **spec}}
