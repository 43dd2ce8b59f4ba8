import { runThread } from '../../src/bridge/media/thread-run.js';
import { PlainPart } from './plain-part.js';

await runThread((host) => new PlainPart(host));
