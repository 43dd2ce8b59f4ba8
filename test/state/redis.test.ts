import { afterAll, beforeAll } from 'vitest';
import { RedisStore } from '../../src/state/redis.js';
import { RedisServer } from '../support/redis.js';
import { contract } from './contract.js';

let server: RedisServer;
let stores = 0;

beforeAll(async () => {
  server = await RedisServer.start();
});

afterAll(() => server.remove());

contract('the Redis store', ({ clock, maxNonces }) =>
  RedisStore.open({ clock, maxNonces, instance: 'a', connection: server.connection, keyPrefix: `contract-${++stores}` }),
);
