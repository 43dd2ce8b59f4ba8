import { MemoryStore } from '../../src/state/memory.js';
import { contract } from './contract.js';

contract('the memory store', ({ clock, maxNonces }) => Promise.resolve(new MemoryStore({ clock, maxNonces })));
