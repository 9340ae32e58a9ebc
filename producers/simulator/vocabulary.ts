/** What the simulated merchant's offers, shops and channels are called, as a merchant's own back end would name them. */
export const BRANDS = ['每日咖啡', '小满茶饮', '青禾超市', '暖阳烘焙'] as const;

export const OFFERS = [
  '拿铁兑换券',
  '满30减8元代金券',
  '满100减20元代金券',
  '双人下午茶套餐券',
  '第二杯半价券',
  '生日蛋糕预订券',
  '鲜果月卡',
  '早餐周卡',
  '会员日五折券',
  '配送费抵扣券',
  '新客专享礼包',
  '夏日冰饮三杯券',
] as const;

/** Yuan; most coupons are cheap. */
export const PRICES = [
  1, 3.9, 5, 9, 9, 9.9, 9.9, 12.5, 15, 19.9, 19.9, 29.9, 39, 49.9, 68, 99, 128, 199,
] as const;

export const DISTRICTS = [
  '徐汇',
  '静安',
  '浦东',
  '天河',
  '南山',
  '西湖',
  '朝阳',
  '海淀',
  '武侯',
  '江汉',
] as const;

export const STREETS = [
  '环球港店',
  '万象城店',
  '人民广场店',
  '大学城店',
  '火车站店',
  '滨江店',
  '软件园店',
] as const;

export const PAGES = [
  'pages/coupon/detail',
  'pages/product',
  'pages/activity/index',
  'packages/mall/coupon',
] as const;

export const TAGS = ['游客', '新客', '老客', '会员', '高频', '沉睡唤醒', '企业团购', '生日当月'] as const;

/** WeChat's scene values, the frequent ones first. */
export const SCENES = [1089, 1001, 1007, 1011, 1037, 1058, 1008, 1035, 1047, 1005, 1014, 1043, 1129] as const;

/** Kinds of channel, from the coarsest level to the finest, each with its description. */
export const CHANNELS = [
  {
    cat1: 'wechat',
    cat1Desc: '微信',
    cat2: 'media',
    cat2Desc: '媒体',
    cat3: 'mp-article',
    cat3Desc: '公众号文章',
  },
  {
    cat1: 'wechat',
    cat1Desc: '微信',
    cat2: 'social',
    cat2Desc: '社交',
    cat3: 'group-share',
    cat3Desc: '群分享',
  },
  {
    cat1: 'wechat',
    cat1Desc: '微信',
    cat2: 'ads',
    cat2Desc: '广告',
    cat3: 'moments-ad',
    cat3Desc: '朋友圈广告',
  },
  {
    cat1: 'offline',
    cat1Desc: '线下',
    cat2: 'store',
    cat2Desc: '门店',
    cat3: 'table-code',
    cat3Desc: '桌码',
  },
  { cat1: 'offline', cat1Desc: '线下', cat2: 'store', cat2Desc: '门店', cat3: 'poster', cat3Desc: '海报' },
] as const;
