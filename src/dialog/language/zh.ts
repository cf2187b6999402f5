import { list, PLAIN_SENTENCES, type Language } from './language.ts';

export const zh = {
  code: 'zh',
  phrases: {
    stillThere: '请问您还在吗？',
    silenceGoodbye: '听不到您的声音，我先挂断了。请您再次来电，再见。',
    oneMoment: '请稍等。',
    welcomeBack: '您好，欢迎回来。请问有什么可以帮您？',
    sayAgain: '抱歉，刚才出了点问题。请您再说一遍好吗？',
    apology: '非常抱歉，系统出现故障，暂时无法继续为您服务。',
    notReached: '抱歉，对方暂时无人接听。请问还有什么可以帮您？',
    maxCall: '抱歉，本次通话需要结束了。如有需要，欢迎再次来电，再见。',
    draining: '抱歉，现在需要结束通话。请您过几分钟再打来，再见。',
    goodbye: '再见。',
    unknownExtension: '对不起，您拨打的号码是空号。请核对后再拨，再见。',
    busy: '对不起，现在线路繁忙。请您过几分钟再拨，再见。',
  },
  backchannels: list(`
    嗯 嗯嗯 哦 噢 喔 啊 呃 好 好的 好好 好好好 对 对对 对对对 是 是的 是啊 是吗 这样 这样啊 原来如此 明白 明白了 知道 知道了 行 可以
    没错 了解 ok
    继续 请继续 你继续 您继续 接着说 请接着说
  `),
  urgent: list(`
    停 等一下 等等 等一等 打住 不好意思 喂 够了
  `),
  openEnds: list(`
    和 跟 或 或者 还有 但 但是 可是 不过 因为 所以 如果 要是 然后 就是 那 那个 这个 在 从 到 把 被 给 对于 关于 我 我们 我想 我要
    您 请 是不是 呃 嗯 很 一个 想
  `),
  announced: list(`
    我想知道 我需要 请告诉我 我的名字 我的号码 我的电话
    一个问题 有个问题 问个问题 问个事 问一下 请教一下
  `),
  complete: list(`
    是 是的 对 对的 不是 不 不对 不用 不用了 好 好的 行 可以 没有 没有了 没了 谢谢 谢谢您 谢谢你 好谢谢 好的谢谢 不用谢谢 不用了谢谢 就这些 就这样 再见 拜拜 你好 您好 喂 嗯 没事了 没问题 不需要 谢谢再见
    好的再见
  `),
  numbers: {
    others: {
      零: list('〇 洞'),
      一: list('幺 壹'),
      二: list('两 兩 贰 貳'),
      三: list('叁 參'),
      四: list('肆'),
      五: list('伍'),
      六: list('陆 陸'),
      七: list('拐 柒'),
      八: list('捌'),
      九: list('勾 玖'),
      十: list('拾'),
    },
    scales: { 百: 2, 佰: 2, 千: 3, 仟: 3, 万: 4, 萬: 4, 亿: 8, 億: 8 },
    repeats: { 双: 1 },
    between: list(`
      呃 嗯 啊 那个 这个 那 个 的 是 是的 对 然后 再 再来 接着 还有 后面 后面是 接下来 接下来是 等一下 让我看看 杠 横杠 横线 减 空格 点 加 逗号
    `),
  },
  asks: {
    number: list(`
      号码 电话 手机 验证码 密码 生日 出生 日期 邮编 卡号 账号 证号
    `),
    name: list(`
      名字 姓名 姓 称呼 怎么写 地址 邮箱
    `),
    openly: list(`
      什么 哪 哪里 哪个 哪位 谁 怎么 为什么 多少 几 什么时候 几点
    `),
  },
  // Names of people from elsewhere keep their titles.
  sentences: { ...PLAIN_SENTENCES, abbreviations: list('dr mr mrs ms prof st') },
  reading: {
    per: '每',
    plus: '加',
    keys: { hash: '井号', star: '星号' },
    address: { dot: '点', slash: '斜杠', at: '艾特', dash: '短横线', underscore: '下划线' },
  },
} satisfies Language;
