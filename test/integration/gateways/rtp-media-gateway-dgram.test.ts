/** The RTP gateway's tests once more, as it is where there are no batches. */
import { tried } from './rtp-io.ts';

tried.io = 'dgram';
await import('./rtp-media-gateway.test.ts');
