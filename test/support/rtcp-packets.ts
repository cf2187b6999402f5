import {
  ByePacket,
  CompoundPacket,
  ReceiverReportPacket,
  ReceptionReport,
  SdesChunk,
  SdesPacket,
  SenderReportPacket,
  type SdesItemType,
} from 'rtp.js/packets';

/** The enum is a type only. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- its value
const CNAME: SdesItemType = 1;

/** What a peer tells of a stream that it hears. */
export interface Hearing {
  readonly about: number;
  readonly lost: number;
  readonly jitterTicks: number;
}

interface Told {
  readonly ssrc: number;
  readonly hears?: Hearing;
  /** It sends, too: a sender report instead of a receiver report. */
  readonly sends?: boolean;
  readonly leaves?: boolean;
}

/** A compound packet as an independent implementation writes it: a report, a name, and perhaps a farewell. */
export function compoundRtcp({ ssrc, hears, sends = false, leaves = false }: Told): Uint8Array {
  const report = sends ? new SenderReportPacket() : new ReceiverReportPacket();
  report.setSsrc(ssrc);
  if (report instanceof SenderReportPacket) {
    report.setNtpSeconds(3_900_000_000);
    report.setPacketCount(500);
  }
  if (hears) {
    const block = new ReceptionReport();
    block.setSsrc(hears.about);
    block.setFractionLost(12);
    block.setTotalLost(hears.lost);
    block.setHighestSeqNumber(70_000);
    block.setJitter(hears.jitterTicks);
    report.addReport(block);
  }
  const chunk = new SdesChunk();
  chunk.setSsrc(ssrc);
  chunk.addItem(CNAME, 'peer@192.0.2.1');
  const description = new SdesPacket();
  description.addChunk(chunk);
  const compound = new CompoundPacket();
  compound.addPacket(report);
  compound.addPacket(description);
  if (leaves) {
    const farewell = new ByePacket();
    farewell.addSsrc(ssrc);
    farewell.setReason('good night');
    compound.addPacket(farewell);
  }
  compound.serialize();
  const { buffer, byteOffset, byteLength } = compound.getView();
  return Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength));
}
