/** A text with the commonest Traditional characters of shops written in Simplified ones, so that either finds the other. */
export function simplified(text: string): string {
  return text.replace(TRADITIONAL, (character) => PAIRS.get(character) ?? character)
}

/** Traditional and Simplified in turn. */
const WRITTEN = [
  '無无線线藍蓝機机電电腦脑鍵键盤盘螢萤顯显視视頻频網网絡络處处裡里內内記记憶忆體体鏡镜頭头攝摄錄录燈灯檯台檔档櫃柜書书筆笔紙纸張张紅红綠绿黃黄銀银鋼钢鐵铁鋁铝銅铜鍋锅壺壶盃杯麵面麥麦飯饭湯汤雞鸡鴨鸭魚鱼蝦虾醬酱',
  '鹽盐蘋苹葉叶龍龙鳳凤烏乌東东車车輪轮輕轻載载運运動动衝冲鋒锋褲裤裝装襪袜帶带雙双層层寬宽鬆松緊紧長长圍围領领絲丝綿绵純纯絨绒織织縫缝衛卫淨净潔洁潤润護护膚肤髮发劑剂膠胶濕湿紓纾養养補补維维鈣钙鋅锌藥药療疗醫医',
  '嬰婴兒儿寶宝貝贝歲岁學学習习遊游戲戏積积樂乐響响聽听聲声揚扬風风熱热溫温涼凉爐炉鎖锁鑰钥鏈链條条環环錶表時时鐘钟鬧闹開开關关門门簾帘墊垫單单個个組组裏里乾干濾滤氣气壓压縮缩噴喷塵尘掃扫拋抛棄弃廢废節节壽寿適适',
  '應应與与國国產产質质優优級级專专業业標标準准備备攜携隨随邊边後后發发現现實实際际選选購购買买賣卖價价錢钱幣币號号碼码數数據据傳传輸输連连轉转換换變变調调檢检測测試试驗验證证畫画圖图榮荣華华萬万億亿點点滿满減减',
  '贈赠飲饮鮮鲜凍冻貓猫糧粮寵宠籠笼櫻樱檸柠閃闪隻只鋪铺',
].join('')

const PAIRS: ReadonlyMap<string, string> = new Map(
  Array.from(WRITTEN.matchAll(/(.)(.)/gu), ([, traditional = '', one = '']) => [traditional, one]),
)

const TRADITIONAL = new RegExp(`[${[...PAIRS.keys()].join('')}]`, 'gu')
