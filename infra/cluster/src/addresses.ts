// Every address lies inside the cluster's own network namespace, which has no way out.

/** The node's address: the API server and the kubelet listen here. */
export const NODE_ADDRESS = '172.30.0.1';
export const NODE_NETWORK = '172.30.0.1/24';
export const NODE_NAME = 'node-1';
export const API_PORT = 6443;

export const POD_NETWORK = '10.244.0.0/16';
export const SERVICE_NETWORK = '10.96.0.0/16';
export const DNS_SERVICE_ADDRESS = '10.96.0.10';
export const CLUSTER_DOMAIN = 'cluster.local';
