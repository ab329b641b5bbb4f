// The image's HEALTHCHECK. There is no shell and no curl inside, so Node asks the process of the same container. A service
// answers at /health/ready; the gateway's own 404 says as well that it serves.
import { get } from 'node:http';
import process from 'node:process';

const gateway = process.cwd().endsWith('/gateway');
const port = Number((gateway ? process.env.GATEWAY_PORT : process.env.HTTP_PORT) || (gateway ? 8000 : 8080));
const request = get({ host: '127.0.0.1', port, path: '/health/ready', timeout: 2_000 }, ({ statusCode = 500 }) =>
  process.exit(statusCode === 200 || (gateway && statusCode === 404) ? 0 : 1),
);
request.on('timeout', () => request.destroy());
request.on('error', () => process.exit(1));
