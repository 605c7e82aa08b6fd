using Federation.Sql.Lexing;

namespace Federation.Sql.Tests;

public class LexerTests
{
    [Theory]
    [InlineData("a /* b /* c */ d */ e", "Identifier:a Identifier:e")]
    [InlineData("1 -- comment\n2", "Integer:1 Integer:2")]
    [InlineData("-- only a comment", "")]
    [InlineData("AbC ÀÉ \"AbC\" \"a\"\"b\"", "Identifier:abc Identifier:ÀÉ Identifier:AbC Identifier:a\"b")]
    [InlineData("_a$1 é1", "Identifier:_a$1 Identifier:é1")]
    [InlineData("SELECT Select", "Keyword:select Keyword:select")]
    [InlineData("\"PK_NAME\"FROM", "Identifier:PK_NAME Keyword:from")]
    [InlineData("1 1. .5 1.5 1e3 1.e-3 2147483647 2147483648",
        "Integer:1 Number:1. Number:.5 Number:1.5 Number:1e3 Number:1.e-3 Integer:2147483647 Number:2147483648")]
    [InlineData("1..2", "Integer:1 DotDot: Integer:2")]
    [InlineData("$1 $23", "Parameter:1 Parameter:23")]
    [InlineData("a::b c:=d e=>f",
        "Identifier:a TypeCast: Identifier:b Identifier:c ColonEquals: Identifier:d Identifier:e EqualsGreater:=> Identifier:f")]
    [InlineData("<> != <= >= < > =", "NotEquals:<> NotEquals:<> LessEquals:<= GreaterEquals:>= Character:< Character:> Character:=")]
    [InlineData("->> @> ~* !~~* || &&", "Operator:->> Operator:@> Operator:~* Operator:!~~* Operator:|| Operator:&&")]
    [InlineData("1*-2", "Integer:1 Character:* Character:- Integer:2")]
    [InlineData("1<=-2", "Integer:1 LessEquals:<= Character:- Integer:2")]
    [InlineData("1=-+-2", "Integer:1 Character:= Character:- Character:+ Character:- Integer:2")]
    [InlineData("1@-2", "Integer:1 Operator:@- Integer:2")]
    [InlineData("a+--b\nc", "Identifier:a Character:+ Identifier:c")]
    [InlineData("a|/*b*/c", "Identifier:a Operator:| Identifier:c")]
    [InlineData("[a:b]", "Character:[ Identifier:a Character:: Identifier:b Character:]")]
    [InlineData("N'a'", "Keyword:nchar String:a")]
    public void SplitsIntoTokens(string text, string expected) => Assert.Equal(expected, Describe(text));

    [Theory]
    [InlineData("'it''s'", "it's")]
    [InlineData("'a'\n  'b'", "ab")]
    [InlineData("'a' -- note\n 'b'", "ab")]
    [InlineData("'a\\n'", "a\\n")]
    [InlineData("E'a\\n\\t\\\\\\'\\b\\f\\r\\v\\q'", "a\n\t\\'\b\f\r\vq")]
    [InlineData("e'\\x41\\101\\u0042\\U00000043'", "AABC")]
    [InlineData("E'\\xc3\\xa9'", "é")]
    [InlineData("E'\\ud83d\\ude00'", "😀")]
    [InlineData("E'a'\n'\\x42'", "aB")]
    [InlineData("U&'d\\0061t\\+000061'", "data")]
    [InlineData("U&'d!0061t!!' UESCAPE '!'", "dat!")]
    [InlineData("U&'\\d83d\\de00'", "😀")]
    [InlineData("$$a'b$$", "a'b")]
    [InlineData("$tag$ $$ $other$ $tag$", " $$ $other$ ")]
    [InlineData("$é$x$é$", "x")]
    public void ReadsStrings(string text, string value)
    {
        var tokens = Lexer.Tokenize(text, out var failure);
        Assert.Null(failure);
        Assert.Equal(2, tokens.Length);
        Assert.Equal(TokenKind.String, tokens[0].Kind);
        Assert.Equal(value, tokens[0].Text);
        Assert.Equal(text.Length, tokens[0].End);
    }

    [Theory]
    [InlineData("'abc", "unterminated quoted string at or near \"'abc\"", 1)]
    [InlineData("e'abc\\", "unterminated quoted string at or near \"e'abc\\\"", 1)]
    [InlineData("1 b'10", "unterminated bit string literal at or near \"b'10\"", 3)]
    [InlineData("x'1f", "unterminated hexadecimal string literal at or near \"x'1f\"", 1)]
    [InlineData("\"abc", "unterminated quoted identifier at or near \"\"abc\"", 1)]
    [InlineData("\"\"", "zero-length delimited identifier at or near \"\"\"\"", 1)]
    [InlineData("$a$ b", "unterminated dollar-quoted string at or near \"$a$ b\"", 1)]
    [InlineData("/* /* */", "unterminated /* comment at or near \"/* /* */\"", 1)]
    [InlineData("1_000", "trailing junk after numeric literal at or near \"1_000\"", 1)]
    [InlineData("1e", "trailing junk after numeric literal at or near \"1e\"", 1)]
    [InlineData("1e+", "trailing junk after numeric literal at or near \"1e+\"", 1)]
    [InlineData("0x1F", "trailing junk after numeric literal at or near \"0x1F\"", 1)]
    [InlineData("$1a", "trailing junk after parameter at or near \"$1a\"", 1)]
    [InlineData("E'\\u12'", "invalid Unicode escape", 3)]
    [InlineData("E'\\ud800x'", "invalid Unicode surrogate pair at or near \"x\"", 9)]
    [InlineData("E'\\udc00'", "invalid Unicode surrogate pair at or near \"\\udc00\"", 3)]
    [InlineData("E'\\u0000'", "invalid Unicode escape value at or near \"\\u0000\"", 3)]
    [InlineData("E'a\\xff'", "invalid byte sequence for encoding \"UTF8\": 0xff", 0)]
    [InlineData("E'\\0'", "invalid byte sequence for encoding \"UTF8\": 0x00", 0)]
    [InlineData("U&'\\12'", "invalid Unicode escape", 4)]
    [InlineData("U&'ab\\d800'", "invalid Unicode surrogate pair", 11)]
    [InlineData("U&'a' uescape 1", "UESCAPE must be followed by a simple string literal at or near \"1\"", 15)]
    [InlineData("U&'a' uescape '+'", "invalid Unicode escape character at or near \"'+'\"", 15)]
    [InlineData("'😀é' 'x", "unterminated quoted string at or near \"'x\"", 6)]
    public void FailsWithThePositionInCharacters(string text, string message, int position)
    {
        Lexer.Tokenize(text, out var failure);
        Assert.NotNull(failure);
        Assert.Equal(message, failure.Message);
        Assert.Equal(position, failure.Position);
    }

    [Fact]
    public void CutsNamesTo63BytesBetweenCharacters()
    {
        Assert.Equal(new string('a', 63), Lexer.Tokenize(new string('A', 70), out _)[0].Text);
        Assert.Equal(new string('é', 31), Lexer.Tokenize(new string('é', 40), out _)[0].Text);
        Assert.Equal(new string('a', 61), Lexer.Tokenize('"' + new string('a', 61) + "😀\"", out _)[0].Text);
    }

    [Fact]
    public void KnowsEveryKeywordOfTheServer()
    {
        Assert.Equal(460, Enum.GetValues<Keyword>().Length - 1);
        Assert.Equal(KeywordCategory.Reserved, Keywords.CategoryOf(Keywords.Find("SELECT")));
        Assert.Equal(KeywordCategory.TypeOrFunctionName, Keywords.CategoryOf(Keywords.Find("left")));
        Assert.Equal(KeywordCategory.ColumnName, Keywords.CategoryOf(Keywords.Find("Between")));
        Assert.Equal(KeywordCategory.Unreserved, Keywords.CategoryOf(Keywords.Find("current")));
        Assert.False(Keywords.IsBareLabel(Keywords.Find("year")));
        Assert.True(Keywords.IsBareLabel(Keywords.Find("is")));
        Assert.Equal(Keyword.NotKeyword, Keywords.Find("json_table"));
    }

    private static string Describe(string text)
    {
        var tokens = Lexer.Tokenize(text, out var failure);
        Assert.Null(failure);
        return string.Join(' ',
            tokens[..^1].Select(token => $"{token.Kind}:{(token.Kind == TokenKind.Character ? token.Character : token.Text)}"));
    }
}
