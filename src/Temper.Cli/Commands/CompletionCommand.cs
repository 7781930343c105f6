using Temper.Cli.CommandLine;

namespace Temper.Cli.Commands;

/// <summary>
/// Writes the script that completes this tool's words in a shell; the words come from the tool itself.
/// </summary>
internal sealed class CompletionCommand() : ToolCommand("completion", "Write the completion script of a shell")
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            # temper: put into ~/.bashrc:  source <(temper completion bash)
            _temper() {
                local IFS=$'\n'
                COMPREPLY=($("${COMP_WORDS[0]}" "[suggest:$((COMP_POINT - ${#COMP_WORDS[0]} + 6))]" "temper${COMP_LINE#"${COMP_WORDS[0]}"}" 2> /dev/null))
            }
            complete -o default -F _temper temper ./temper
            """,
        ["zsh"] = """
            # temper: put into ~/.zshrc:  source <(temper completion zsh)
            _temper() {
                local -a found
                found=(${(f)"$("${words[1]}" "[suggest:$((CURSOR - ${#words[1]} + 6))]" "temper${BUFFER#"${words[1]}"}" 2> /dev/null)"})
                compadd -a found || _files
            }
            compdef _temper temper
            """,
        ["fish"] = """
            # temper: put into ~/.config/fish/completions/temper.fish
            complete -c temper -a '(set -l line (commandline -cp); set -l tool (commandline -po)[1]; $tool "[suggest:"(math (string length -- $line) - (string length -- $tool) + 6)"]" (string replace -- $tool temper $line) 2> /dev/null)'
            """,
        ["pwsh"] = """
            # temper: put into $PROFILE:  temper completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName temper -ScriptBlock {
                param($word, $ast, $cursor)
                $tool = $ast.CommandElements[0].Value
                & $tool "[suggest:$($cursor - $tool.Length + 6)]" ("temper" + "$ast".Substring($tool.Length)) 2> $null |
                    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }
            """,
    };

    private static readonly Setting<string?> Shell = new("shell", "bash, zsh, fish or pwsh", null, text => text)
    {
        IsPositional = true,
        Words = () => Scripts.Keys,
    };

    internal override IReadOnlyList<Setting> Settings => [Shell];

    internal override int Run(CommandContext context)
    {
        string shell = context.Require(Shell);
        if (!Scripts.TryGetValue(shell, out string? script))
        {
            throw ToolException.Usage($"completion: no script for this shell (got '{shell}', expected one of "
                + $"{string.Join(", ", Scripts.Keys)})");
        }

        Console.Out.WriteLine(script);
        return ExitCode.Success;
    }
}
