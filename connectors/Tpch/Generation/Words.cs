namespace Federation.Connectors.Tpch.Generation;

/// <summary>
/// The word lists of the specification (clauses 4.2.2.13 and 4.2.2.14, dists.dss of dbgen), in the order and with the weights that the
/// generator draws by.
/// </summary>
internal static class Words
{
    public static readonly WordTable Containers = Product("SM,LG,MED,JUMBO,WRAP", "CASE,BOX,BAG,JAR,PACK,PKG,CAN,DRUM");
    public static readonly WordTable PartTypes = Product(
        "STANDARD,SMALL,MEDIUM,LARGE,ECONOMY,PROMO", "ANODIZED,BURNISHED,PLATED,POLISHED,BRUSHED", "TIN,NICKEL,BRASS,STEEL,COPPER");

    public static readonly WordTable ShipInstructions = List("DELIVER IN PERSON,COLLECT COD,TAKE BACK RETURN,NONE");
    public static readonly WordTable ShipModes = List("REG AIR,AIR,RAIL,TRUCK,MAIL,FOB,SHIP");
    public static readonly WordTable MarketSegments = List("AUTOMOBILE,BUILDING,FURNITURE,HOUSEHOLD,MACHINERY");
    public static readonly WordTable OrderPriorities = List("1-URGENT,2-HIGH,3-MEDIUM,4-NOT SPECIFIED,5-LOW");
    public static readonly WordTable ReturnFlags = List("R,A");
    public static readonly WordTable Regions = List("AFRICA,AMERICA,ASIA,EUROPE,MIDDLE EAST");
    public static readonly WordTable Nations = List(
        "ALGERIA,ARGENTINA,BRAZIL,CANADA,EGYPT,ETHIOPIA,FRANCE,GERMANY,INDIA,INDONESIA,IRAN,IRAQ,JAPAN,JORDAN,KENYA,MOROCCO,MOZAMBIQUE,"
        + "PERU,CHINA,ROMANIA,"
        + "SAUDI ARABIA,VIETNAM,RUSSIA,UNITED KINGDOM,UNITED STATES");

    public static readonly WordTable Colors = List(
        "almond,antique,aquamarine,azure,beige,bisque,black,blanched,blue,blush,brown,burlywood,burnished,chartreuse,chiffon,chocolate,"
        + "coral,cornflower,cornsilk,"
        + "cream,cyan,dark,deep,dim,dodger,drab,firebrick,floral,forest,frosted,gainsboro,ghost,goldenrod,green,grey,honeydew,hot,indian,"
        + "ivory,khaki,lace,lavender,"
        + "lawn,lemon,light,lime,linen,magenta,maroon,medium,metallic,midnight,mint,misty,moccasin,navajo,navy,olive,orange,orchid,pale,"
        + "papaya,peach,peru,pink,plum,"
        + "powder,puff,purple,red,rose,rosy,royal,saddle,salmon,sandy,seashell,sienna,sky,slate,smoke,snow,spring,steel,tan,thistle,"
        + "tomato,turquoise,violet,wheat,"
        + "white,yellow");

    // Of the text pool; "word weight", the weight 1 left out.
    public const string Nouns =
        "packages 40,requests 40,accounts 40,deposits 40,foxes 20,ideas 20,theodolites 20,pinto beans 20,instructions 20,dependencies "
            + "10,excuses 10,platelets 10,"
        + "asymptotes 10,courts 5,dolphins "
        + "5,multipliers,sauternes,warthogs,frets,dinos,attainments,somas,Tiresias,patterns,forges,braids,frays,warhorses,dugouts,"
        + "notornis,epitaphs,pearls,tithes,waters,orbits,gifts,sheaves,depths,sentiments,decoys,realms,pains,grouches,escapades,hockey "
        + "players";

    public const string Verbs =
        "sleep 20,wake 20,are 20,cajole 20,haggle 20,nag 10,use 10,boost 10,affix 5,detect 5,integrate "
            + "5,maintain,nod,was,lose,sublate,solve,thrash,promise,engage,"
        + "hinder,print,x-ray,breach,eat,grow,impress,mold,poach,serve,run,dazzle,snooze,doze,unwind,kindle,play,hang,believe,doubt";

    public const string Adverbs =
        "sometimes,always,never,furiously 50,slyly 50,carefully 50,blithely 40,quickly 30,fluffily "
            + "20,slowly,quietly,ruthlessly,thinly,closely,doggedly,daringly,"
        + "bravely,stealthily,permanently,enticingly,idly,busily,regularly,finally,ironically,evenly,boldly,silently";

    public const string Adjectives =
        "special 20,pending 20,unusual 20,express "
            + "20,furious,sly,careful,blithe,quick,fluffy,slow,quiet,ruthless,thin,close,dogged,daring,brave,stealthy,permanent,"
        + "enticing,idle,busy,regular 50,final 40,ironic 40,even 30,bold 20,silent 10";

    public const string Prepositions =
        "about 50,above 50,according to 50,across 50,after 50,against 40,along 40,alongside of 30,among 30,around 20,at "
            + "10,atop,before,behind,beneath,beside,besides,"
        + "between,beyond,by,despite,during,except,for,from,in place of,inside,instead "
        + "of,into,near,of,on,outside,over,past,since,through,throughout,to,toward,under,"
        + "until,up,upon,whithout,with,within";

    public const string Auxiliaries =
        "do,may,might,shall,will,would,can,could,should,ought to,must,will have to,shall have to,could have to,should have to,must have "
            + "to,need to,try to";

    public const string Terminators = ". 50,;,:,?,!,--";

    // Phrases by the letters of their parts: N noun, J adjective, D adverb, V verb, X auxiliary; in sentences N and V phrases, P
    // prepositional phrase, T terminator.
    public const string NounPhrases = "N 10,JN 20,KJN 10,DJN 50";
    public const string VerbPhrases = "V 30,XV,VD 40,XVD";
    public const string Sentences = "NVT 3,NVPT 3,NVNT 3,NPVNT,NPVPT";

    /// <summary>The region of each nation, in the order of <see cref="Nations"/>.</summary>
    public static ReadOnlySpan<byte> NationRegions => [0, 1, 1, 1, 4, 0, 3, 3, 2, 2, 4, 4, 2, 4, 0, 0, 0, 1, 2, 3, 4, 2, 3, 3, 1];

    private static WordTable List(string words) => new(words.Split(','));

    private static WordTable Product(params string[] lists) => new(
        [.. lists.Aggregate(Enumerable.Repeat("", 1),
            (heads, list) => heads.SelectMany(head => list.Split(',').Select(word => head.Length == 0 ? word : $"{head} {word}")))]);
}
