using System.Text;
using Federation.Core.Errors;

namespace Federation.Core.Security;

/// <summary>
/// An item of an access list in PostgreSQL's text form, <c>grantee=letters/grantor</c> (acl.c): each privilege is a letter, with a star
/// behind it where the grantee may grant it on.
/// </summary>
/// <param name="Grantee">A role; empty for everybody.</param>
/// <param name="Privileges">Letters and stars.</param>
public readonly record struct AclItem(string Grantee, string Privileges, string Grantor)
{
    public const string AllLetters = "arwdDxtXUCTcsA";

    public static AclItem Parse(string text)
    {
        var position = 0;
        var grantee = ReadName(text, ref position);
        if (position >= text.Length || text[position] != '=')
            throw new SqlException(SqlState.InvalidTextRepresentation, "missing \"=\" sign");
        var start = ++position;
        while (position < text.Length && text[position] != '/')
        {
            if (text[position] != '*' && !AllLetters.Contains(text[position], StringComparison.Ordinal))
                throw new SqlException(SqlState.InvalidTextRepresentation, $"invalid mode character: must be one of \"{AllLetters}\"");
            position++;
        }

        var privileges = text[start..position];
        if (position >= text.Length) return new AclItem(grantee, privileges, "");
        position++;
        return new AclItem(grantee, privileges, ReadName(text, ref position));
    }

    /// <summary>Whether the item holds a privilege, with the right to grant it on if that is asked for.</summary>
    public bool Has(char letter, bool mayGrant)
    {
        var index = Privileges.IndexOf(letter, StringComparison.Ordinal);
        return index >= 0 && (!mayGrant || (index + 1 < Privileges.Length && Privileges[index + 1] == '*'));
    }

    public override string ToString() => $"{Quoted(Grantee)}={Privileges}/{Quoted(Grantor)}";

    /// <summary>putid: quoted where it is not made of letters, digits and underscores alone.</summary>
    private static string Quoted(string name) =>
        name.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or > '\x7f')
            ? name
            : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string ReadName(string text, ref int position)
    {
        var name = new StringBuilder();
        var isQuoted = false;
        for (; position < text.Length; position++)
        {
            var character = text[position];
            if (character == '"')
            {
                if (isQuoted && position + 1 < text.Length && text[position + 1] == '"') name.Append(text[++position]);
                else isQuoted = !isQuoted;
            }
            else if (isQuoted || (character is not ('=' or '/' or ' '))) name.Append(character);
            else break;
        }

        return name.ToString();
    }
}
