/** Words by what they say about a text. Latin ones are compared as whole words, phrases and Han ones as parts of the text. */
export interface WordList {
  readonly words: readonly string[]
  readonly parts: readonly string[]
}

/** What speaks for a friendly text. */
// biome-ignore format: lists of words
export const POSITIVE: WordList = {
  words: [
    'amazing', 'awesome', 'beautiful', 'best', 'bonus', 'celebrate', 'comfortable', 'deal', 'delicious', 'discount', 'easy', 'enjoy',
    'excellent', 'exciting', 'fantastic', 'fast', 'favorite', 'favourite', 'free', 'fresh', 'friendly', 'glad', 'good', 'great', 'happy',
    'helpful', 'impressive', 'love', 'loved', 'lovely', 'nice', 'perfect', 'pleased', 'recommend', 'save', 'smooth', 'superb', 'thank',
    'thanks', 'wonderful', 'worth',
  ],
  parts: [
    '優惠', '优惠', '買一送一', '买一送一', '搶購', '抢购', '特價', '特价', '折扣', '免費', '免费', '贈', '赠', '驚喜', '惊喜', '喜歡', '喜欢', '滿意', '满意',
    '開心', '开心', '高興', '高兴', '快樂', '快乐', '推薦', '推荐', '美味', '好吃', '舒適', '舒适', '漂亮', '優秀', '优秀', '完美', '超值', '划算', '方便', '感謝',
    '感谢', '恭喜', '期待', '熱賣', '热卖', '精彩', '親切', '亲切', '很好', '最好', '最棒', '讚', '赞',
  ],
}

/** What speaks for an unfriendly one. */
// biome-ignore format: lists of words
export const NEGATIVE: WordList = {
  words: [
    'angry', 'annoying', 'awful', 'bad', 'boring', 'broken', 'cheated', 'complain', 'complaint', 'damaged', 'defective', 'dirty',
    'disappointed', 'disappointing', 'disgusting', 'expensive', 'fail', 'failed', 'fake', 'fraud', 'hate', 'hated', 'horrible', 'late', 'lost',
    'mistake', 'noisy', 'pain', 'poor', 'problem', 'refund', 'rude', 'sad', 'scam', 'slow', 'terrible', 'ugly', 'unhappy', 'useless', 'waste',
    'worse', 'worst', 'wrong',
  ],
  parts: [
    '失望', '難吃', '难吃', '太貴', '太贵', '很貴', '很贵', '很慢', '太慢', '差勁', '差劲', '很差', '太差', '糟', '爛', '烂', '討厭', '讨厌', '生氣', '生气', '憤怒',
    '愤怒', '難過', '难过', '傷心', '伤心', '後悔', '后悔', '退貨', '退货', '退款', '投訴', '投诉', '抱怨', '故障', '壞掉', '坏掉', '壞了', '坏了', '騙', '骗', '假貨',
    '假货', '不好', '不耐煩', '不耐烦', '不會再', '不会再', '不滿', '不满', '不推', '浪費', '浪费', '無聊', '无聊', '髒', '脏', '遲到', '迟到', '錯誤', '错误',
  ],
}

/** What speaks for spam. */
// biome-ignore format: lists of words
export const SPAM: WordList = {
  words: [
    'bitcoin', 'casino', 'crypto', 'forex', 'jackpot', 'lottery', 'millionaire', 'pills', 'prince', 'unsubscribe', 'viagra', 'winner',
  ],
  parts: [
    'act now', 'bank account', 'cash prize', 'claim your', 'click here', 'click the link', 'credit card number', 'double your', 'earn money',
    'free money', 'get rich', 'guaranteed', 'no risk', 'risk-free', 'wire transfer', 'work from home', 'you have been selected', 'you have won',
    "you've won", 'bit.ly/', '$$$',
    '中獎', '中奖', '匯款', '汇款', '轉帳', '转账', '加賴', '加line', '加微信', '保證獲利', '保证获利', '穩賺', '稳赚', '日賺', '日赚', '月入', '博彩', '賭場', '赌场',
    '娛樂城', '娱乐城', '貸款', '贷款', '借款', '點擊連結', '点击链接', '點此領取', '点此领取', '領取獎金', '领取奖金', '投資群', '投资群', '飆股', '飙股', '代購證', '虛擬貨幣',
    '虚拟货币', '銀行帳號', '银行账号', '身分證', '身份证号',
  ],
}
