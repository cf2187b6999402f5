import { toCardinal as hindi, toOrdinal as hindiOrdinal } from 'n2words/hi-IN';
import { toCardinal as japanese } from 'n2words/ja-JP';
import { toCardinal as thai } from 'n2words/th-TH';
import { toCardinal as chinese } from 'n2words/zh-Hans-CN';
import { forms, table, type Figures } from './figures.ts';

export const hi: Figures = {
  code: 'hi',
  decimalMark: '.',
  gap: ' ',
  cardinal: (n) => hindi(n),
  words: {
    ...{
      point: 'दशमलव',
      minus: 'माइनस',
      plus: 'प्लस',
      to: 'से',
      dot: 'पॉइंट',
      and: 'और',
      equals: 'बराबर',
      times: 'गुणा',
    },
  },
  magnitudes: {
    ...{ लाख: () => 'लाख', करोड़: () => 'करोड़', हज़ार: () => 'हज़ार', हजार: () => 'हज़ार' },
  },
  feminine: new Set(),
  money: {
    names: table('INR=रुपया|रुपये;USD=डॉलर;EUR=यूरो;GBP=पाउंड;JPY=येन', forms),
    cents: table('INR=पैसा|पैसे;USD=सेंट;EUR=सेंट;GBP=पेंस', forms),
    ...{ and: '', saysCents: true },
  },
  units: table('mg=मिलीग्राम;m²=वर्ग मीटर;m2=वर्ग मीटर;kW=किलोवाट;kWh=किलोवाट घंटा;t=टन;W=वाट;V=वोल्ट', forms),
  parts: { '1/2': 'आधा', '1/3': 'एक तिहाई', '2/3': 'दो तिहाई', '1/4': 'एक चौथाई', '3/4': 'तीन चौथाई' },
  date: ({ day, name, year }) => `${hindi(day)} ${name}${year === undefined ? '' : ` ${hindi(year)}`}`,
  time: ({ hour, minute }) =>
    minute === 0 ? `${hindi(hour)} बजे` : `${hindi(hour)} बजकर ${hindi(minute)} मिनट`,
  clock: /बजे/,
  ordinals: /(\d{1,3})(ला|ली|रा|री|था|थी|वाँ|वां|वीं|वी)(?!\p{L})/u,
  ordinal: (n, mark) =>
    n === 0n
      ? undefined
      : /ी|ीं/.test(mark)
        ? hindiOrdinal(n).replace(/वाँ$/, 'वीं').replace(/ा$/, 'ी')
        : hindiOrdinal(n),
  short: table('डॉ.=डॉक्टर;प्रो.=प्रोफ़ेसर;नं.=नंबर;रु.=रुपये;मो.=मोबाइल;Dr.=डॉक्टर;Mr.=मिस्टर;Mrs.=मिसेज़'),
};

export const ja: Figures = {
  code: 'ja',
  decimalMark: '.',
  gap: '',
  cardinal: (n) => (n === 0n ? 'ゼロ' : japanese(n)),
  words: {
    ...{
      point: '点',
      minus: 'マイナス',
      plus: 'プラス',
      to: 'から',
      dot: '点',
      and: 'と',
      equals: 'イコール',
      times: 'かける',
      ratio: '対',
    },
  },
  dashed: 'の',
  begins: '№〒〜～~(（',
  magnitudes: { 万: () => '万', 億: () => '億', 千: () => '千' },
  feminine: new Set(),
  money: {
    names: table('JPY=円;USD=ドル;EUR=ユーロ;GBP=ポンド;CNY=元;KRW=ウォン', forms),
    cents: table('USD=セント;EUR=セント;GBP=ペンス', forms),
    ...{ and: '', saysCents: true },
  },
  units: table(
    'mg=ミリグラム;m²=平方メートル;m2=平方メートル;kW=キロワット;kWh=キロワット時;t=トン;W=ワット;V=ボルト;m³=立方メートル',
    forms,
  ),
  parts: { '1/2': '二分の一', '1/3': '三分の一', '2/3': '三分の二', '1/4': '四分の一', '3/4': '四分の三' },
  date: ({ day, month, year }) =>
    `${year === undefined ? '' : `${japanese(year)}年`}${japanese(month)}月${japanese(day)}日`,
  time: ({ hour, minute }) =>
    `${hour === 0 ? '零' : japanese(hour)}時${minute > 0 ? `${japanese(minute)}分` : ''}`,
  ordinals: /第(\d+)()/,
  ordinal: (n) => `第${japanese(n)}`,
  own: [
    [/(\d{1,2})月(?!\p{Nd}|\d)/u, ([, month = '1']) => `${japanese(month)}月`],
    // Behind a day: 5月3日(土)
    [/[(（]([月火水木金土日])[)）]/u, ([, day = '']) => `、${day}曜日`],
    [/(?<=[\p{L}\d%])[〜～~](?=\s?(?:午前|午後|\d))/u, () => 'から'],
    [
      /([月火水木金土日])曜?日?[〜～~・-]([月火水木金土日])曜?日?(?!\p{L})/u,
      ([, from = '', to = '']) => `${from}曜から${to}曜`,
    ],
    [/\d{1,2}[F階](?![\p{L}\d])/u, ([floor]) => `${japanese(parseInt(floor, 10))}階`],
    [/(?:No\.?|№)\s?(\d+)/u, ([, n = '0']) => `ナンバー${japanese(n)}`],
    [/〒\s?/u, () => '郵便番号'],
  ],
  short: {},
};

const plainly = (n: bigint | number): string => chinese(n, { formal: false }).replace(/^一十/, '十');
const FIGURE = '零一二三四五六七八九';
const oneByOne = (n: bigint): string => String(n).replaceAll(/\d/g, (digit) => FIGURE.charAt(Number(digit)));

export const zh: Figures = {
  code: 'zh',
  decimalMark: '.',
  gap: '',
  // Two of something are 两.
  cardinal: (n, noun) => (n === 2n && noun !== undefined ? '两' : plainly(n)),
  year: oneByOne,
  words: {
    ...{ point: '点', minus: '负', plus: '加', to: '到', dot: '点', and: '和', equals: '等于', times: '乘' },
    ratio: '比',
  },
  magnitudes: { 万: () => '万', 亿: () => '亿', 千: () => '千', 百万: () => '百万' },
  feminine: new Set(),
  money: {
    names: table('CNY=元;RMB=元;JPY=元;USD=美元;EUR=欧元;GBP=英镑;HKD=港元', forms),
    cents: {},
    ...{ and: '', saysCents: false, asDecimals: true },
  },
  units: table(
    'mg=毫克;m²=平方米;m2=平方米;kW=千瓦;kWh=千瓦时;t=吨;W=瓦;V=伏;m³=立方米;kilogram=公斤',
    forms,
  ),
  parts: { '1/2': '二分之一', '1/3': '三分之一', '2/3': '三分之二', '1/4': '四分之一', '3/4': '四分之三' },
  date: ({ day, month, year }) =>
    `${year === undefined ? '' : `${oneByOne(year)}年`}${plainly(month)}月${plainly(day)}日`,
  time: ({ hour, minute }) =>
    `${hour === 2 ? '两' : plainly(hour)}点${minute > 0 ? `${minute < 10 ? '零' : ''}${plainly(minute)}分` : ''}`,
  ordinals: /第(\d+)()/,
  ordinal: (n) => `第${plainly(n)}`,
  own: [
    [/(\d{1,2})月(?!\p{Nd})/u, ([, month = '1']) => `${plainly(BigInt(month))}月`],
    [/2(?=[个位次天点小时分钟])(?<!\d2)/, () => '两'],
  ],
  short: {},
};

export const th: Figures = {
  code: 'th',
  decimalMark: '.',
  gap: '',
  cardinal: (n) => thai(n),
  words: {
    ...{
      point: 'จุด',
      minus: 'ลบ',
      plus: 'บวก',
      to: 'ถึง',
      dot: 'จุด',
      and: 'และ',
      equals: 'เท่ากับ',
      times: 'คูณ',
    },
  },
  magnitudes: { ล้าน: () => 'ล้าน', แสน: () => 'แสน', หมื่น: () => 'หมื่น', พัน: () => 'พัน' },
  feminine: new Set(),
  money: {
    names: table('THB=บาท;USD=ดอลลาร์;EUR=ยูโร;GBP=ปอนด์;JPY=เยน', forms),
    cents: table('THB=สตางค์;USD=เซนต์;EUR=เซนต์', forms),
    ...{ and: '', saysCents: true },
  },
  units: table('mg=มิลลิกรัม;m²=ตารางเมตร;m2=ตารางเมตร;kW=กิโลวัตต์;kWh=กิโลวัตต์ชั่วโมง;t=ตัน;W=วัตต์;V=โวลต์', forms),
  parts: { '1/2': 'ครึ่ง', '1/3': 'หนึ่งในสาม', '2/3': 'สองในสาม', '1/4': 'หนึ่งในสี่', '3/4': 'สามในสี่' },
  date: ({ day, name, year }) => `${thai(day)} ${name}${year === undefined ? '' : ` ${thai(year)}`}`,
  time: ({ hour, minute }) => `${thai(hour)}นาฬิกา${minute > 0 ? `${thai(minute)}นาที` : ''}`,
  clock: /น\.|นาฬิกา/,
  short: table('ดร.=ดอกเตอร์;นพ.=นายแพทย์;โทร.=โทร;พ.ศ.=พุทธศักราช;ค.ศ.=คริสต์ศักราช;จ.=จังหวัด;อ.=อำเภอ;ถ.=ถนน'),
};
