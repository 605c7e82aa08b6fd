using Federation.Core.Errors;
using Federation.PgWire.Authentication;

namespace Federation.PgWire.Tests;

public sealed class ScramTests
{
    // The example of RFC 7677, section 3. The user is in the message there; PostgreSQL's clients leave it empty.
    private const string Password = "pencil";
    private const string Salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
    private const string ServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    private const string ClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    private const string ClientFinal =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    [Fact]
    public void Rfc_7677_example()
    {
        var server = Start("SCRAM-SHA-256", null);
        Assert.Equal($"r=rOprNGfwEbeRWgbNEkqO{ServerNonce},s={Salt},i=4096", server.ReadClientFirst(ClientFirst));
        Assert.Equal("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", server.ReadClientFinal(ClientFinal));
    }

    [Fact]
    public void A_wrong_proof_is_refused()
    {
        var server = Start("SCRAM-SHA-256", null);
        server.ReadClientFirst(ClientFirst);
        Assert.Null(server.ReadClientFinal(ClientFinal.Replace("p=dHz", "p=eHz", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("SCRAM-SHA-256", "y,,n=,r=abc", "SCRAM channel binding negotiation error")]
    [InlineData("SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc", "malformed SCRAM message")]
    [InlineData("SCRAM-SHA-256-PLUS", "n,,n=,r=abc", "malformed SCRAM message")]
    [InlineData("SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abc", "unsupported SCRAM channel-binding type \"tls-unique\"")]
    [InlineData("SCRAM-SHA-256", "n,a=other,n=,r=abc", "client uses authorization identity, but it is not supported")]
    [InlineData("SCRAM-SHA-256", "n,,m=x,n=,r=abc", "client requires an unsupported SCRAM extension")]
    [InlineData("SCRAM-SHA-256", "n,,n=", "malformed SCRAM message")]
    [InlineData("SCRAM-SHA-256", "", "malformed SCRAM message")]
    public void Bad_first_messages_are_refused(string mechanism, string message, string error) =>
        Assert.Equal(error, Assert.Throws<SqlException>(() => Start(mechanism, [1, 2, 3]).ReadClientFirst(message)).Message);

    [Fact]
    public void Verifiers_read_back_in_postgres_form()
    {
        var verifier = ScramVerifiers.Create(Password, Convert.FromBase64String(Salt), 4096);
        var text = ScramVerifiers.Format(verifier);
        Assert.Equal(
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
            + ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=", text);
        Assert.Equal(verifier, ScramVerifiers.TryParse(text));
        Assert.True(ScramVerifiers.Matches(verifier, Password));
        Assert.False(ScramVerifiers.Matches(verifier, "pen"));
        Assert.Null(ScramVerifiers.TryParse("md5abc"));
    }

    [Theory]
    [InlineData("I\u00adX", "IX")]
    [InlineData("a\u00a0b", "a b")]
    [InlineData("user", "user")]
    [InlineData("\u0007", "\u0007")]
    public void Passwords_are_prepared(string password, string expected) => Assert.Equal(expected, SaslPrep.Prepare(password));

    private static ScramServer Start(string mechanism, byte[]? endPointHash) =>
        new(ScramVerifiers.Create(Password, Convert.FromBase64String(Salt), 4096), "user", mechanism, endPointHash, "secret", ServerNonce);
}
