import { Part } from './part.js';
import { runThread } from './thread-run.js';

await runThread((host) => new Part(host));
