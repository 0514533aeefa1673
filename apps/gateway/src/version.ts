export const gatewayVersion = '0.1.0';
